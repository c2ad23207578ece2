/** Rows are written and read by what the stages share. */
export { RowReader, RowWriter } from '@attrium/processor';
