import { expect, test } from 'vitest'
import { Rounds } from '../../audience/rounds.ts'

/** Rounds that each wait to be ended. */
function heldRounds() {
  const ends: (() => void)[] = []
  const rounds = new Rounds(1e9, () => new Promise((resolve) => ends.push(resolve)))
  return { rounds, ends }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('whoever pokes in the middle of a round waits for the next one, as all others who do', async () => {
  const { rounds, ends } = heldRounds()
  const told: string[] = []
  void rounds.poke().then(() => told.push('first'))
  for (const name of ['second', 'third']) void rounds.poke().then(() => told.push(name))
  ends[0]!()
  await turn()
  expect([told, ends.length]).toEqual([['first'], 2])
  ends[1]!()
  await turn()
  expect(told).toEqual(['first', 'second', 'third'])
})

test('a stop waits for the round under way and for one that was asked for behind it, whoever came first', async () => {
  for (const isAskedFirst of [true, false]) {
    const { rounds, ends } = heldRounds()
    void rounds.poke()
    if (isAskedFirst) void rounds.poke()
    let isOver = false
    const stopped = rounds.stop().then(() => {
      isOver = true
    })
    if (!isAskedFirst) void rounds.poke()
    ends[0]!()
    await turn()
    expect([isOver, ends.length]).toEqual([false, 2])
    ends[1]!()
    await stopped
  }
})
