import type { StockRejectionReason, StockReleaseReason } from "@holdfast/contracts";
import type { StockLines } from "./stock-lines.ts";

/**
 * What is set aside for one order.
 *
 *     none ── reserve ──► reserved ── accept ──► promised ── commit ──► committed
 *      │  └─ too little ─► rejected     │            │
 *      │                     ▲          └── release ─┴──► released ── commit (expired only) ──► committed
 *      └─ release ─► forestalled ─ reserve ┘     reserved ── expire ──► released
 *
 * A promised reservation no longer expires: its order was accepted and the money is being captured.
 */
export type Reservation =
  | { readonly status: "none" }
  | { readonly status: "forestalled" }
  | { readonly status: "rejected" }
  | { readonly status: "reserved"; readonly lines: StockLines; readonly expiresAt: number }
  | { readonly status: "promised"; readonly lines: StockLines }
  | { readonly status: "committed"; readonly lines: StockLines }
  | {
      readonly status: "released";
      readonly lines: StockLines;
      readonly reason: StockReleaseReason;
    };

/** Unreserved units per product; a product that is not in stock at all has no entry. */
export type FreeUnits = ReadonlyMap<string, number>;

export type ReservationCommand =
  | { readonly type: "Reserve"; readonly lines: StockLines; readonly expiresAt: number }
  | { readonly type: "Accept" }
  | { readonly type: "Commit" }
  | { readonly type: "Release" }
  | { readonly type: "Expire"; readonly now: number };

/** What happened to a reservation. Those named Stock… are published, the others are known here alone. */
export type ReservationEvent =
  | { readonly type: "StockReserved"; readonly lines: StockLines; readonly expiresAt: number }
  | {
      readonly type: "StockRejected";
      readonly reason: StockRejectionReason;
      readonly skus: readonly string[];
    }
  | { readonly type: "StockCommitted"; readonly lines: StockLines }
  | {
      readonly type: "StockReleased";
      readonly lines: StockLines;
      readonly reason: StockReleaseReason;
    }
  | { readonly type: "ReservationPromised" }
  | { readonly type: "ReservationForestalled" };

/** The command has no meaning in this state: a writer upstream is wrong, trying again cannot help. */
export class IllegalTransition extends Error {
  override readonly name = "IllegalTransition";
  readonly permanent = true;

  constructor(command: ReservationCommand["type"], reservation: Reservation) {
    super(`${command} has no meaning for a reservation that is ${reservation.status}`);
  }
}

/** An expired reservation's order was confirmed after all and its units are gone: a person must restock. */
export class UnitsGone extends Error {
  override readonly name = "UnitsGone";
  readonly permanent = true;
}

/**
 * What the command makes of the reservation: one event, or nothing when it was done before or comes too
 * late to matter. `free` holds the products of the command's or the reservation's lines.
 * Throws IllegalTransition and UnitsGone.
 */
export function decide(
  reservation: Reservation,
  command: ReservationCommand,
  free: FreeUnits,
): ReservationEvent | undefined {
  switch (command.type) {
    case "Reserve":
      return decideReserve(reservation, command, free);
    case "Accept":
      return decideAccept(reservation);
    case "Commit":
      return decideCommit(reservation, free);
    case "Release":
      return decideRelease(reservation);
    case "Expire":
      return decideExpire(reservation, command.now);
  }
}

/** The reservation after the event. */
export function evolve(reservation: Reservation, event: ReservationEvent): Reservation {
  switch (event.type) {
    case "StockReserved":
      return { status: "reserved", lines: event.lines, expiresAt: event.expiresAt };
    case "StockRejected":
      return { status: "rejected" };
    case "StockCommitted":
      return { status: "committed", lines: event.lines };
    case "StockReleased":
      return { status: "released", lines: event.lines, reason: event.reason };
    case "ReservationPromised":
      return { status: "promised", lines: linesHeldBy(reservation) };
    case "ReservationForestalled":
      return { status: "forestalled" };
  }
}

/** The units that the reservation is or was about; none before it was made. */
export function linesHeldBy(reservation: Reservation): StockLines {
  return "lines" in reservation ? reservation.lines : [];
}

function decideReserve(
  reservation: Reservation,
  { lines, expiresAt }: ReservationCommand & { type: "Reserve" },
  free: FreeUnits,
): ReservationEvent | undefined {
  if (reservation.status === "forestalled") {
    return { type: "StockRejected", reason: "ORDER_CANCELLED", skus: lines.map(({ sku }) => sku) };
  }
  if (reservation.status !== "none") return undefined;
  const unknown = lines.filter(({ sku }) => !free.has(sku));
  if (unknown.length > 0) return rejection("UNKNOWN_SKU", unknown);
  const short = linesBeyond(lines, free);
  if (short.length > 0) return rejection("INSUFFICIENT_STOCK", short);
  return { type: "StockReserved", lines, expiresAt };
}

function decideAccept(reservation: Reservation): ReservationEvent | undefined {
  switch (reservation.status) {
    case "reserved":
      return { type: "ReservationPromised" };
    case "promised":
    case "committed":
      return undefined;
    case "released":
      // The expiry won the race; a confirmation that follows takes the units back.
      if (reservation.reason === "EXPIRED") return undefined;
  }
  throw new IllegalTransition("Accept", reservation);
}

function decideCommit(reservation: Reservation, free: FreeUnits): ReservationEvent | undefined {
  switch (reservation.status) {
    case "reserved":
    case "promised":
      return { type: "StockCommitted", lines: reservation.lines };
    case "committed":
      return undefined;
    case "released":
      if (reservation.reason !== "EXPIRED") break;
      if (linesBeyond(reservation.lines, free).length > 0) {
        throw new UnitsGone("Confirmed after its reservation expired, and the units are gone");
      }
      return { type: "StockCommitted", lines: reservation.lines };
  }
  throw new IllegalTransition("Commit", reservation);
}

function decideRelease(reservation: Reservation): ReservationEvent | undefined {
  switch (reservation.status) {
    case "none":
      return { type: "ReservationForestalled" };
    case "reserved":
    case "promised":
      return { type: "StockReleased", lines: reservation.lines, reason: "ORDER_CANCELLED" };
    case "forestalled":
    case "rejected":
    case "released":
      return undefined;
    case "committed":
      throw new IllegalTransition("Release", reservation);
  }
}

function decideExpire(reservation: Reservation, now: number): ReservationEvent | undefined {
  if (reservation.status !== "reserved" || now < reservation.expiresAt) return undefined;
  return { type: "StockReleased", lines: reservation.lines, reason: "EXPIRED" };
}

function linesBeyond(lines: StockLines, free: FreeUnits): StockLines {
  return lines.filter(({ sku, quantity }) => (free.get(sku) ?? 0) < quantity);
}

function rejection(reason: StockRejectionReason, lines: StockLines): ReservationEvent {
  return { type: "StockRejected", reason, skus: lines.map(({ sku }) => sku) };
}
