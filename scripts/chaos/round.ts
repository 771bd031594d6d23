import { performance } from "node:perf_hooks";
import {
  checkInvariants,
  collectFacts,
  type Facts,
  type ReplayFact,
  readGroups,
  type Violation,
} from "@holdfast/testkit";
import { createRandom, type Random, runOpenLoop, type Summary, summarise } from "@holdfast/traffic";
import type { History } from "./history.ts";
import { livedThrough, type StrikeReport } from "./lived-through.ts";
import { watchOffsets } from "./offsets.ts";
import type { ChaosOptions } from "./options.ts";
import { planActions } from "./plan.ts";
import { probe } from "./probe.ts";
import { quiesce, type Rest } from "./quiesce.ts";
import { verifyReplay } from "./replay.ts";
import { type CardOnFile, registerCards, type Shelf } from "./shelf.ts";
import { type Placement, Shopper } from "./shopper.ts";
import { type Deck, heal, mostStrikes, strikeUntilOver } from "./strikes.ts";
import type { FragileSuite } from "./suite.ts";

/** What one round did, and whether everything held. */
export interface RoundReport {
  readonly round: number;
  readonly orders: number;
  readonly accepted: number;
  readonly acceptedAtOnce: number;
  readonly answerMs: Summary;
  readonly strikes: readonly StrikeReport[];
  readonly rest: Rest;
  readonly probeMs: number | null;
  readonly judged: Readonly<Record<string, number>>;
  readonly replay: ReplayFact;
  readonly violations: readonly Violation[];
}

/** What lasts from round to round: the suite's books go on, and so does everything known about it. */
export interface RoundContext {
  readonly suite: FragileSuite;
  readonly shelf: Shelf;
  readonly history: History;
  readonly deck: Deck;
  /** Every card so far. */
  readonly cards: CardOnFile[];
}

/** What a round works with. */
interface RoundSetting extends RoundContext {
  readonly options: ChaosOptions;
  readonly round: number;
  readonly random: Random;
  /** The cards of this round: those of its customers first, then one for each probe. */
  readonly own: readonly CardOnFile[];
}

const cardsOfCustomers = 50;
const maxOutstanding = 400;

/** Load with faults, heal, rest, a probe, and the judgement of everything since the suite's start. */
export async function runRound(
  round: number,
  options: ChaosOptions,
  context: RoundContext,
): Promise<RoundReport> {
  const { suite, history } = context;
  const random = createRandom(`${options.seed}/${round}`);
  history.note("round", { round, seed: options.seed });
  const count = cardsOfCustomers + mostStrikes(options.seconds) + 1;
  const own = await registerCards(suite, random.fork("cards"), count);
  context.cards.push(...own);
  const setting = { ...context, options, round, random, own };
  const watch = watchOffsets(suite, history);
  const { placements, strikes } = await loadAndStrike(setting);
  await heal(suite);
  const rest = await quiesce(suite, options.limits.restMs, (unrest) => {
    history.note("unrest", { unrest });
  });
  history.note("rest", rest);
  const probed = await probe(probeSetting(setting, "rest", options.limits.probeMs));
  history.facts.probes.push({ ...probed, limitMs: options.limits.probeMs });
  history.note("probe", probed);
  const facts = await collectAtRest(context, options.limits.restMs);
  await watch.stop();
  const lived = await livedThrough(strikes, placements, options.limits);
  history.facts.strikes.push(...lived);
  const judgement = judge(facts);
  const probeMs = probed.tookMs;
  return { round, strikes: lived, rest, probeMs, ...figures(placements), ...judgement };
}

/** Each probe of a round has a card of its own, from the last backwards. */
function probeSetting(setting: RoundSetting, name: number | "rest", limitMs: number) {
  const { suite, shelf, history, own, options, round } = setting;
  const card = own.at(name === "rest" ? -1 : -2 - name) as CardOnFile;
  return { suite, shelf, history, card, limitMs, key: `probe-${options.seed}-${round}-${name}` };
}

async function loadAndStrike(setting: RoundSetting) {
  const { suite, shelf, history, deck, random, options, own } = setting;
  const { ratePerSecond, seconds, limits } = options;
  const shopper = new Shopper({ suite, shelf, cards: own, history, patienceMs: limits.answerMs });
  const items = planActions({
    random: random.fork("plan"),
    ratePerSecond,
    seconds,
    cards: cardsOfCustomers,
    ...shelf,
  });
  let strikesSoFar = 0;
  const striking = strikeUntilOver({
    suite,
    history,
    deck,
    random: random.fork("faults"),
    endsAtMs: performance.now() + seconds * 1_000,
    recover: async () => {
      const name = strikesSoFar;
      strikesSoFar += 1;
      return (await probe(probeSetting(setting, name, limits.recoveryMs))).tookMs;
    },
  });
  const loading = runOpenLoop({
    items,
    send: (action) => shopper.act(action),
    maxOutstanding,
  });
  const [strikes] = await Promise.all([striking, loading]);
  return { strikes, placements: shopper.placements };
}

const mostCollections = 5;

/**
 * The facts of a suite that stood still while they were collected. Time alone can make it move: at
 * the full hour windows close, and what they say is on its way to analysts for a while.
 */
async function collectAtRest(context: RoundContext, restMs: number): Promise<Facts> {
  for (let collection = 1; ; collection++) {
    const before = await told(context.suite);
    await quiesce(context.suite, restMs);
    const facts = await collect(context);
    if ((await told(context.suite)) === before || collection === mostCollections) return facts;
    context.history.note("moved while facts were collected", { collection });
  }
}

/** How much the topics hold, save for the one on which time itself is told. */
async function told({ kafka }: RoundContext["suite"]): Promise<bigint> {
  const groups = await readGroups(kafka);
  return groups
    .filter(({ topic }) => topic !== "card-activity")
    .reduce((sum, { end }) => sum + BigInt(end), 0n);
}

function collect({ suite, shelf, history, cards }: RoundContext): Promise<Facts> {
  return collectFacts(
    {
      postgresAdminUrl: suite.postgresAdminUrl,
      kafka: suite.kafka,
      codec: suite.codec,
      providerUrl: suite.url("payment-provider"),
      logsDir: suite.logsDir,
      taken: suite.receiver.taken,
      zipkinUrl: suite.zipkinUrl,
      initialStock: shelf.initialStock,
      cardNumbers: cards.map(({ number }) => number),
      replay: () => verifyReplay(suite),
    },
    history.facts,
  );
}

function judge(facts: Facts) {
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
  return { judged, replay: facts.replay, violations: checkInvariants(facts) };
}

function figures(placements: readonly Placement[]) {
  return {
    orders: placements.length,
    accepted: placements.filter(({ accepted }) => accepted).length,
    acceptedAtOnce: placements.filter(({ atOnce }) => atOnce).length,
    answerMs: summarise(placements.map(({ tookMs }) => tookMs)),
  };
}
