/** Of sizes and places of partitions: clauses. */
export const resizing = {
  // Why a file system keeps its size.
  'resize/unknown-content': 'what is in it is not known',
  'resize/not-in-image': 'the image does not have it',
  'resize/no-shrink-tool': 'no tool makes {content} smaller',
  'resize/no-grow-tool': 'no tool here grows {content}',
  'resize/dirty': 'its {content} was not shut down cleanly: shut its system down fully and save it again',
  'resize/dirty-windows':
    'its {content} was not cleanly unmounted: shut Windows down fully and save it again',
  'resize/full': 'its file system needs all of it',
  'resize/no-answer': '{tool} did not say its least size',
  'resize/failed': '{problem}',
  // What grows with its partition only later.
  'grow-later/lvm2': 'run "pvresize" on it in the restored system',
  'grow-later/luks': 'the larger space is there once it is unlocked again; then grow what is inside',
  // Why a partition cannot have a size or place.
  'size/content': 'its file system needs {leastBytes} bytes at least',
  'size/no-room': 'the other partitions leave it room for {mostBytes} bytes at most',
  'size/width': 'with clusters of its size its file system can have {mostBytes} bytes at most',
  'size/empty': 'a partition has at least one sector',
  'place/before': 'what lies before it leaves room from {leastStart} bytes on',
  'place/behind': 'what lies behind it leaves room for a start at {mostStart} bytes at most',
  'place/sector': 'a partition begins at a multiple of {sectorSize} bytes',
} as const;
