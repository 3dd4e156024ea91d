/** What the end of a node's namespaces does not remove: `node remove-cgroups.ts NAME`, run by the caretaker. */
import { removeCgroups } from './cgroups.ts';

const [, , name = ''] = process.argv;
if (!name.startsWith('sekisho-')) throw new Error(`not a group of ours: ${name}`);
await removeCgroups(name);
