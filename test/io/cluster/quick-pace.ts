/** How a watch is tried again where a test waits for it. */
export const quickPace = { random: () => 0.5, seconds: 30, shortestWait: 10, longestWait: 50, missingWait: 50 };
