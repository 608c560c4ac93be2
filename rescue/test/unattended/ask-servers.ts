/** Prints the servers that are found on the networks of this process, as JSON. */
import { findServers } from '../../src/unattended/find-servers.ts';

// Longer than a person waits: on a busy machine a server gets late to an answer.
console.log(JSON.stringify(await findServers({ limitMs: 10_000 })));
