import { parseProcessorAnswer, processorPortName } from '#guest-channel';
import { limits } from '../limits.ts';
import type { Port } from '../port/virtio-port.ts';
import { Stop } from '../stop.ts';
import type { ReportProvider } from './report-provider.ts';

/** Reports of the simulated secure processor, which the host plays on a port of its own. They protect nothing and say so
 *  by their root. Only images of simulated networks hold this file. */
export const createSimulatedProvider = async (openPort: (name: string) => Promise<Port>): Promise<ReportProvider> => {
  const port = await openPort(processorPortName);
  let asked = 0;
  return {
    name: 'simulated',
    report: async (reportData) => {
      asked += 1;
      const request = { version: 1, type: 'report', exchange: asked } as const;
      await port.send({ ...request, reportData: Buffer.from(reportData).toString('base64') });
      const answer = parseProcessorAnswer(await port.next(limits.answerMs));
      if (answer.exchange !== asked) {
        throw new Stop('report-failed', `the processor answered request ${answer.exchange}, wanted ${asked}`);
      }
      if (answer.type === 'failed')
        throw new Stop('report-failed', `the processor says ${answer.code}: ${answer.words}`);
      return { report: Buffer.from(answer.report, 'base64'), certificates: answer.certificates };
    },
  };
};
