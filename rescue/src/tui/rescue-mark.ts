/** Is there only in the rescue environment. */
export const RESCUE_MARK = '/run/permafrost/boot';
