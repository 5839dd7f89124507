// Prints the ten slowest test files, so that growing times are visible in every log.
import type { Reporter, TestModule } from "vitest/node";

const shown = 10;

export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= shown) return;
    const times = modules.map((module) => {
      const { collectDuration, duration, setupDuration } = module.diagnostic();
      return { name: module.relativeModuleId, importMs: collectDuration + setupDuration, testMs: duration };
    });
    times.sort((a, b) => b.importMs + b.testMs - (a.importMs + a.testMs));
    const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(6);
    console.log(`\n Slowest files: seconds in tests, seconds of loading`);
    for (const { name, importMs, testMs } of times.slice(0, shown))
      console.log(` ${seconds(testMs)} ${seconds(importMs)}  ${name}`);
  }
}
