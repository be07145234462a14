export default {
  extensions: ['ts'],
  files: ['test/kernel/**/*.test.ts', 'test/system/**/*.test.ts', 'test/robustness/**/*.test.ts'],
  timeout: '300s',
  concurrency: 1,
  workerThreads: false,
};
