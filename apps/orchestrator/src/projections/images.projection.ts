import { type ImageState, image } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

type Image = NonNullable<ImageState>;

/** One registered image, offered or retired. */
export type ImageRow = { readonly image: Image; readonly registeredAt: string; readonly retiredAt: string | null };

const ddl = `CREATE TABLE images (
  digest TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL
) STRICT;
CREATE INDEX images_by_age ON images (created_at, digest);`;

export const images: Projection<ImageRow> = {
  name: 'images',
  ddl,
  category: 'image',
  fold: (row, recorded) => {
    const event = aggregates.image.codec.decode(recorded);
    const next = image.evolve(row?.image ?? null, event);
    if (next === null) return null;
    const retiredAt = event.type === 'ImageRetired' ? recorded.recordedAt : null;
    return {
      image: next,
      registeredAt: row?.registeredAt ?? recorded.recordedAt,
      retiredAt: row?.retiredAt ?? retiredAt,
    };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM images WHERE digest = ?').pluck();
    const put = writes.statement(
      `INSERT INTO images (digest, created_at, row) VALUES (:digest, :createdAt, :row)
       ON CONFLICT (digest) DO UPDATE SET row = :row`,
    );
    const forget = writes.statement('DELETE FROM images WHERE digest = ?');
    return {
      load: (digest) => {
        const text = one.get(digest);
        return text === undefined ? null : textToState<ImageRow>(text);
      },
      save: (digest, row) => put({ digest, createdAt: row.registeredAt, row: stateToText(row) }),
      remove: (id) => forget(id),
    };
  },
};
