import { z } from 'zod';

/** For rules without settings of their own. */
export const noParams = z.strictObject({});
