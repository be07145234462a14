export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/kernel/**', '!test/system/**'],
  timeout: '120s',
  workerThreads: false,
};
