export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/kernel/**', '!test/system/**', '!test/robustness/**'],
  timeout: '120s',
  workerThreads: false,
};
