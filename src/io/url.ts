/** Where something listens, with the brackets that IPv6 wants. */
export function urlOf(scheme: 'http' | 'https', host: string, port: number | string): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
