/** Entry point of the child process `lvs`: started by tandemd, never by hand. */
import { runLvsProcess } from '../ipvs/process.js';

process.title = 'tandemd: lvs';
runLvsProcess();
