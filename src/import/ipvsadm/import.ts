/** `tandem import ipvsadm FILE`. */
import { ImportError, type Importer } from '../conversion.js';

export const importIpvsadm: Importer = (file) => Promise.reject(new ImportError(`${file}: ipvsadm's rules cannot be imported yet`));
