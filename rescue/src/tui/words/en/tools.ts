/** Looking at disks, and the tools. */
export const tools = {
  disks: {
    title: 'Disks',
    question: 'The disks of this machine. Nothing is written.',
    help: ['Enter shows more of a disk: each partition, and how much of it is used.'],
    plug: 'It is not here: I will plug it in now',
  },
  disk: {
    looking: 'Looking at the disk …',
    gone: 'The disk was taken out.',
    table: {
      gpt: 'GPT',
      mbr: 'MBR',
      none: 'no partition table',
      unreadable: 'a partition table that cannot be read',
    },
    facts: (table: string, sector: number): string => `${table}, sectors of ${sector} bytes`,
    id: (id: string): string => `disk id ${id}`,
    header: ['Region', 'Content', 'Label', 'Size', 'Used', 'State'],
    states: { clean: 'clean', dirty: 'not shut down', unknown: '' },
    help: [
      'Used is what the file systems say they use. Where that is not certain, everything counts as used.',
    ],
  },
  tools: {
    title: 'Tools',
    shell: 'Shell',
    shellDetail: 'A command line, for those who know what they do. "exit" comes back.',
    logs: 'Logs',
    logsDetail: 'What the machine and the jobs have said; can be saved on a stick.',
    network: 'Network',
    networkDetail: 'Addresses of this machine; asks for one.',
    keyboard: 'Keyboard',
    keyboardDetail: 'The layout of the keys.',
    language: 'Language / Sprache',
    clock: 'Clock',
    clockDetail: 'The time that images and reports carry.',
    reboot: 'Restart the machine',
    powerOff: 'Switch the machine off',
    help: ['Things besides images. A job that runs goes on meanwhile.'],
  },
  logs: {
    title: 'Logs',
    loading: 'Reading …',
    save: 'save on a stick',
    help: [
      'The newest lines are at the end. S saves all logs, the reports and the messages of the kernel on a stick, so that somebody else can look at them. Passwords are not in them.',
    ],
  },
  network: {
    title: 'Network',
    up: 'Bring up the network',
    upDetail: 'Asks for an address on every wired card.',
    loading: 'Looking …',
    none: 'There is no network card.',
    help: ['Nothing on the network is used until you want it. Wired cards ask a DHCP server for an address.'],
  },
  keyboard: {
    title: 'Keyboard',
    question: 'Which keyboard is this?',
    done: (name: string): string => `keyboard ${name}`,
    help: ['This is for the keyboard of the machine; a serial line uses that of your terminal.'],
  },
  language: {
    title: 'Language / Sprache',
    help: ['F2 changes the language on the start page.'],
  },
  clock: {
    title: 'Clock',
    question: (now: string): string => `This machine believes that it is ${now} UTC.`,
    field: 'Set it to (UTC)',
    set: 'Set the clock',
    done: (time: string): string => `the clock is set to ${time}`,
    help: [
      'Nothing depends on the clock but the times that images and reports carry: images are ordered by number.',
    ],
  },
};
