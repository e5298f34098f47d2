/** "01-07 22:00". @param timestamp unix seconds, shown as UTC. */
export function moment(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().slice(5, 16).replace("T", " ");
}
