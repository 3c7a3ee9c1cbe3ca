/** The door of commander. */
export { Command, CommanderError } from 'commander'
