/** Entry point of the child process `vrrp`: started by tandemd, never by hand. */
import { runVrrpProcess } from '../vrrp/process.js';

process.title = 'tandemd: vrrp';
runVrrpProcess();
