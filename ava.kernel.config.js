export default {
  extensions: ['ts'],
  files: [
    'test/kernel/**/*.test.ts',
    'test/system/**/*.test.ts',
    'test/robustness/**/*.test.ts',
    // minutes of an emulated processor: `npm run test:vm`
    ...(process.env.VIRTUAL_MACHINE === undefined ? ['!test/system/virtual-machine/**'] : []),
  ],
  timeout: '300s',
  concurrency: 1,
  workerThreads: false,
};
