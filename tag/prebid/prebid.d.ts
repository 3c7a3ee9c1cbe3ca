// What is used of Prebid.js, whose sources say no types for it (11.36).

declare module 'prebid.js/src/utils.js' {
  export function logInfo(...args: unknown[]): void
  export function logError(...args: unknown[]): void
}

declare module 'prebid.js/src/activities/rules.js' {
  export function isActivityAllowed(activity: string, params: object): boolean
}

declare module 'prebid.js/src/activities/activityParams.js' {
  export function activityParams(moduleType: string, moduleName: string): object
}
