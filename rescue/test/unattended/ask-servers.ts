/** Prints the servers that are found on the networks of this process, as JSON. */
import { findServers } from '../../src/unattended/find-servers.ts';

console.log(JSON.stringify(await findServers()));
