import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A registry with what every process of ours says of itself: its memory and time, and which build it is. */
export function createRegistry(version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const build = { name: 'sekisho_build_info', help: 'Always 1.', labelNames: ['version', 'node'] };
  new Gauge({ ...build, registers: [registry] }).set({ version, node: process.versions.node }, 1);
  return registry;
}
