import { breach, type Invariant, repeated } from "./invariant.ts";

/** I9 */
export const alertsAreThoseOfTheLog: Invariant = {
  name: "I9",
  promise:
    "decisions and alerts are those of a pure run over the log; each alert is delivered once",
  check: ({ replay, records, notifications, sink }) => {
    const raised = new Set(
      records.flatMap(({ topic, id }) => (topic === "fraud-alerts" && id !== null ? [id] : [])),
    );
    const told = notifications.filter(({ eventType }) => eventType === "FraudAlertRaised");
    const toldOf = new Set(told.map(({ eventId }) => eventId));
    const delivered = new Set(sink.map(({ notificationId }) => notificationId));
    return [
      ...breach("decisions and alerts are those of the reference run", replay.differences),
      ...breach(
        "every alert is told to the analysts",
        [...raised].filter((id) => !toldOf.has(id)),
      ),
      ...breach(
        "an alert is told once per channel",
        repeated(told, ({ eventId, channel }) => `${eventId} ${channel}`),
      ),
      ...breach(
        "whatever is to be told has reached its sink",
        notifications.filter(({ notificationId }) => !delivered.has(notificationId)),
      ),
    ];
  },
};
