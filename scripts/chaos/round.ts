import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { checkInvariants, collectFacts, type Violation } from "@holdfast/testkit";
import { createRandom, runOpenLoop, type Summary, summarise } from "@holdfast/traffic";
import type { History } from "./history.ts";
import { watchOffsets } from "./offsets.ts";
import type { ChaosOptions } from "./options.ts";
import { planActions } from "./plan.ts";
import { quiesce, type Rest } from "./quiesce.ts";
import { verifyReplay } from "./replay.ts";
import { type CardOnFile, registerCards, type Shelf } from "./shelf.ts";
import { type Placement, Shopper } from "./shopper.ts";
import { type Deck, heal, strikeUntil } from "./strikes.ts";
import type { Suite } from "./suite.ts";

/** What one round did, and whether everything held. */
export interface RoundReport {
  readonly round: number;
  readonly orders: number;
  readonly accepted: number;
  readonly acceptedAtOnce: number;
  readonly answerMs: Summary;
  readonly faults: readonly string[];
  readonly rest: Rest;
  readonly probeMs: number | null;
  readonly judged: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

/** What lasts from round to round: the suite's books go on, and so does everything known about it. */
export interface RoundContext {
  readonly suite: Suite;
  readonly shelf: Shelf;
  readonly history: History;
  readonly deck: Deck;
  /** Every card so far. */
  readonly cards: CardOnFile[];
}

const cardsPerRound = 50;
const maxOutstanding = 400;
const probeLimitMs = 5_000;

/** Load with faults, heal, rest, a probe, and the judgement of everything since the suite's start. */
export async function runRound(
  round: number,
  options: ChaosOptions,
  context: RoundContext,
): Promise<RoundReport> {
  const { suite, shelf, history } = context;
  const random = createRandom(`${options.seed}/${round}`);
  history.note("round", { round, seed: options.seed });
  const cards = await registerCards(suite, random.fork("cards"), cardsPerRound + 1);
  context.cards.push(...cards);
  const shopper = new Shopper({ suite, shelf, cards, history });
  const watch = watchOffsets(suite, history);
  const faults = await loadAndStrike(shopper, options, { ...context, random });
  await heal(suite);
  const rest = await quiesce(suite, options.restLimitMs, (unrest) => {
    history.note("unrest", { unrest });
  });
  history.note("rest", rest);
  const probeCard = cards.at(-1) as CardOnFile;
  const probeMs = await shopper.probe(probeCard, `probe-${options.seed}-${round}`, probeLimitMs);
  await quiesce(suite, options.restLimitMs);
  await watch.stop();
  const judgement = await judge(context);
  return { round, faults, rest, probeMs, ...figures(shopper.placements), ...judgement };
}

async function loadAndStrike(
  shopper: Shopper,
  { ratePerSecond, seconds }: ChaosOptions,
  {
    suite,
    shelf,
    history,
    deck,
    random,
  }: RoundContext & { random: ReturnType<typeof createRandom> },
): Promise<string[]> {
  const { scarce, plentiful, dear } = shelf;
  const items = planActions({
    random: random.fork("plan"),
    ratePerSecond,
    seconds,
    cards: cardsPerRound,
    scarce,
    plentiful,
    dear,
  });
  const endsAtMs = performance.now() + seconds * 1_000;
  const striking = strikeUntil(endsAtMs, deck, { suite, history, random: random.fork("faults") });
  await runOpenLoop({
    items,
    send: (action) => shopper.act(action),
    maxOutstanding,
    time: {
      now: () => performance.now(),
      waitUntil: async (atMs) => {
        const waitMs = atMs - performance.now();
        if (waitMs > 0) await delay(waitMs);
      },
    },
  });
  return striking;
}

async function judge({ suite, shelf, history, cards }: RoundContext) {
  const facts = await collectFacts(
    {
      postgresAdminUrl: suite.postgresAdminUrl,
      kafka: suite.kafka,
      codec: suite.codec,
      providerUrl: suite.url("payment-provider"),
      logsDir: suite.logsDir,
      zipkinUrl: suite.zipkinUrl,
      initialStock: shelf.initialStock,
      cardNumbers: cards.map(({ number }) => number),
      replay: () => verifyReplay(suite),
    },
    history.facts,
  );
  const judged = {
    orders: facts.orders.length,
    payments: facts.payments.length,
    postings: facts.postings.length,
    operations: facts.journal.length,
    records: facts.records.length,
    deadLetters: facts.deadLetters.length,
    decisions: facts.replay.compared,
    alerts: facts.records.filter(({ topic }) => topic === "fraud-alerts").length,
    notifications: facts.notifications.length,
    reads: facts.shop.reads.length,
  };
  return { judged, violations: checkInvariants(facts) };
}

function figures(placements: readonly Placement[]) {
  return {
    orders: placements.length,
    accepted: placements.filter(({ accepted }) => accepted).length,
    acceptedAtOnce: placements.filter(({ atOnce }) => atOnce).length,
    answerMs: summarise(placements.map(({ tookMs }) => tookMs)),
  };
}
