import { type ProcessorAnswer, type ProcessorRequest, parseProcessorAnswer, processorPortName } from '#guest-channel';
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
      const answer = await ask(port, { ...request, reportData: Buffer.from(reportData).toString('base64') });
      if (answer.type === 'failed')
        throw new Stop('report-failed', `the processor says ${answer.code}: ${answer.words}`);
      return { report: Buffer.from(answer.report, 'base64'), certificates: answer.certificates };
    },
  };
};

/** The answer to a request, asked again in case whoever plays the processor was restarted with it in its hands; an answer
 *  to an earlier one is passed over. Stops with `host-silent`, or with `report-failed` at an answer to nothing we asked. */
const ask = async (port: Port, request: ProcessorRequest): Promise<ProcessorAnswer> => {
  for (let triesLeft = limits.processorTriesMax; ; triesLeft -= 1) {
    await port.send(request);
    try {
      for (;;) {
        const answer = parseProcessorAnswer(await port.next(limits.answerMs / limits.processorTriesMax));
        if (answer.exchange === request.exchange) return answer;
        if (answer.exchange < request.exchange) continue;
        throw new Stop(
          'report-failed',
          `the processor answers request ${answer.exchange}, asked was ${request.exchange}`,
        );
      }
    } catch (error) {
      if (!(error instanceof Stop) || error.code !== 'host-silent' || triesLeft <= 1) throw error;
    }
  }
};
