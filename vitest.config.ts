import { defineConfig } from 'vitest/config'

// Files run in processes of their own: native stores and servers live and die with them. Two at a
// time, since each may start servers beside itself.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
})
