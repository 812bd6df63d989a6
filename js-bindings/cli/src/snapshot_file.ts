// Opens snapshots for the commands that answer from one.
import { stat } from 'node:fs/promises';
import { type Engine, type FileInfo, createEngine, inspectFile } from 'reckon';
import { Refusal, reasonOf } from './failures.js';

export async function openSnapshot(file: string): Promise<Engine> {
  return createEngine({ snapshot: await placeOf(file) });
}

export async function openFileInfo(file: string): Promise<FileInfo> {
  return inspectFile({ file: await placeOf(file) });
}

/** The path as the engine package takes it; refused where there is no file. */
async function placeOf(file: string): Promise<string> {
  let info;
  try {
    info = await stat(file);
  } catch (cause) {
    throw new Refusal({ file }, reasonOf(cause));
  }
  if (info.isDirectory()) throw new Refusal({ file }, 'it is a folder, not a file');
  // "https:" may begin a file's name, too.
  return /^[a-z][a-z\d+.-]+:/i.test(file) ? `./${file}` : file;
}
