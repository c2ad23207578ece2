/** Reads rows of fields out of a CSV text (RFC 4180) that comes in parts. Rows without any text are left out. */

export interface CsvRow {
  /** Where it begins, from 1 on. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvLimits {
  /** Of a row; what comes behind them is not kept. */
  readonly fieldsMax: number;
  /** Code units of a field; what is longer is cut one behind the limit. */
  readonly fieldLengthMax: number;
}

export class CsvRows {
  private fields: string[] = [];
  private field = '';
  private isQuoted = false;
  private mayEndQuote = false;
  private line = 1;
  private startsAt = 1;

  constructor(private readonly limits: CsvLimits) {}

  /** The rows that end in this part. */
  push(part: string): CsvRow[] {
    const rows: CsvRow[] = [];
    for (const character of part) {
      if (this.isQuoted) this.inQuotes(character, rows);
      else this.outside(character, rows);
      if (character === '\n') this.line++;
      if (character === '\n' && !this.isQuoted) this.startsAt = this.line;
    }
    return rows;
  }

  /** The last row, if it has no line break. */
  end(): CsvRow[] {
    const rows: CsvRow[] = [];
    this.endRow(rows);
    return rows;
  }

  private inQuotes(character: string, rows: CsvRow[]): void {
    if (this.mayEndQuote) {
      this.mayEndQuote = false;
      if (character === '"') this.take(character);
      else {
        this.isQuoted = false;
        this.outside(character, rows);
      }
    } else if (character === '"') this.mayEndQuote = true;
    else this.take(character);
  }

  private outside(character: string, rows: CsvRow[]): void {
    if (character === '\n') this.endRow(rows);
    else if (character === ',') this.endField();
    else if (character === '"' && this.field.trim() === '') {
      this.isQuoted = true;
      this.field = '';
    } else if (character !== '\r') this.take(character);
  }

  private take(character: string): void {
    if (this.field.length <= this.limits.fieldLengthMax) this.field += character;
  }

  private endField(): void {
    if (this.fields.length < this.limits.fieldsMax) this.fields.push(this.field.trim());
    this.field = '';
  }

  private endRow(rows: CsvRow[]): void {
    this.endField();
    const { fields, startsAt } = this;
    if (fields.some((field) => field !== '')) rows.push({ line: startsAt, fields });
    this.fields = [];
    this.isQuoted = false;
    this.mayEndQuote = false;
  }
}
