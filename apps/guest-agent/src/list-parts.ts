import { channelLimits } from '#guest-channel';
import type { Host } from './host.ts';
import { Refuse, Stop } from './stop.ts';

/** The host's binary measurement list from an entry on, part by part as it comes: no more than one part is held.
 *  Refuses (`list-too-long`) more than the protocol has parts for; a host that counts wrongly ends us. */
export async function* listParts(host: Host, exchange: number, from: number): AsyncGenerator<Uint8Array> {
  await host.say({ type: 'need-ima', exchange, from });
  for (let part = 0; part <= channelLimits.listPartsMax; part += 1) {
    const message = await host.expect('ima', exchange);
    if (message.from !== from || message.part !== part) {
      const observed = `part ${message.part} from entry ${message.from}`;
      throw new Stop(
        'protocol',
        `the host sends ${observed} of its measurement list, wanted part ${part} from entry ${from}`,
      );
    }
    yield Buffer.from(message.bytes, 'base64');
    if (message.isLast) return;
  }
  throw new Refuse('list-too-long', `the measurement list has more than ${channelLimits.listPartsMax} parts`);
}
