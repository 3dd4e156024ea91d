import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the suite keeps what takes long to make. Whoever deletes it waits again. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sekisho', 'e2e');
