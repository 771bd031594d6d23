import { breach, type Invariant } from "./invariant.ts";

/** I14 */
export const theSuiteIsBack: Invariant = {
  name: "I14",
  promise: "the suite comes back: an order that is placed after the heal ends in time",
  check: ({ shop }) => [
    ...breach(
      "a probe ends within its limit",
      shop.probes.filter(({ tookMs, limitMs }) => tookMs === null || tookMs > limitMs),
    ),
    ...breach(
      "an order that is placed at the end of a fault is confirmed within the limit",
      shop.strikes.filter(({ recoveryMs, recoveryLimitMs }) => {
        return recoveryMs === null || recoveryMs > recoveryLimitMs;
      }),
    ),
  ],
};

const acceptedShare = 0.999;

/** I15 */
export const ordersAreAccepted: Invariant = {
  name: "I15",
  promise:
    "999 of 1,000 orders are accepted at once while anything is away that accepting does not need",
  check: ({ shop }) => {
    const strikes = shop.strikes.filter(({ mustAccept }) => mustAccept);
    const placed = strikes.reduce((sum, { orders }) => sum + orders, 0);
    const refused = strikes.reduce((sum, one) => sum + one.orders - one.acceptedInTime, 0);
    return refused <= (1 - acceptedShare) * placed
      ? []
      : breach(
          `orders are accepted during such faults; ${refused} of ${placed} were not`,
          strikes.filter((one) => one.acceptedInTime < one.orders),
        );
  },
};
