/** Rejection of a write that the store could not keep, by no fault of who asked: sent again, it may be kept. */
export class StoreFailed extends Error {}
