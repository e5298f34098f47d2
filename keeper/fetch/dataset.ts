/** One stretch of what a source has, complete up to `until`. */
export interface Page {
  /** Cells in the order of the dataset's columns. */
  readonly rows: readonly (readonly string[])[];
  /** Unix seconds: nothing earlier is still to come. */
  readonly until: number;
  /** What the user should know of this stretch, one line each. */
  readonly notes?: readonly string[];
}

/** The stretch that is asked for, unix seconds, and the end of the file that goes on. */
export interface Stretch {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** The file's last row; null for a new file. */
  readonly last: readonly string[] | null;
  /** The file's last rows, `last` among them; a hundred at most. */
  readonly tail: readonly (readonly string[])[];
}

/** A kind of history that public sources have, as a CSV file. */
export interface Dataset {
  readonly columns: readonly string[];
  /** Seconds between rows that no row may miss; null where there is no such step. The first column is then unix seconds. */
  readonly step: number | null;
  /** Unix seconds at which a file with this last row goes on. */
  resumeAt(last: readonly string[]): number;
  /** The rows of a stretch in order. @throws SourceError when a source has no usable answer; what was given before is whole. */
  pages(stretch: Stretch): AsyncIterable<Page>;
}
