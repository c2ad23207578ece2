// Prints jest's totals as one plain line, `N passed, N failed, N skipped`, and adds them to the file that run-tests sums up.
import { appendFileSync } from 'node:fs';

export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    console.log(`${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped`);
    if (process.env.ATTRIUM_TEST_TOTALS !== undefined) {
      appendFileSync(process.env.ATTRIUM_TEST_TOTALS, `${results.numPassedTests} ${failed}\n`);
    }
  }
}
