/** Counts that a run's progress shows. */
export interface Progress {
  readonly planned: number;
  sent: number;
  accepted: number;
  alerts: () => number;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows the counts each second, on one line of a terminal or each 10 s elsewhere; returns the end. */
export function showProgress(progress: Progress, output: Output): () => void {
  const live = output.isTTY === true;
  const show = (): void => {
    const { planned, sent, accepted, alerts } = progress;
    const line = `${sent} of ${planned} orders sent, ${accepted} accepted, ${alerts()} alerts`;
    output.write(live ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(show, live ? 1_000 : 10_000);
  return () => {
    clearInterval(timer);
    if (live) output.write("\r\u001b[K");
  };
}
