/** The page that a state shows. */
import type { Step } from '../flow/parts.ts';
import { currentStep, viewBelowHelp, type FlowState } from '../flow/state.ts';
import type { View } from '../view.ts';
import { wordsOf, type Words } from '../words/words.ts';
import { confirmView } from './confirm.ts';
import { diskView } from './disk.ts';
import { homeView } from './home.ts';
import { imagesView, partsView } from './images.ts';
import { jobView } from './job.ts';
import { growView, sectorsView } from './layout-options.ts';
import { layoutView, partSizeView } from './edit-layout.ts';
import { optionsView } from './options.ts';
import { bugView, helpView, problemView, questionView, waitingView } from './overlays.ts';
import { intoView, partitionsView } from './partitions.ts';
import { folderView, placeView, saveLogsView, shareView } from './place.ts';
import { planView } from './plan.ts';
import { copiesView } from './copies.ts';
import { disksView, plugView, sourcesView, targetView } from './sources.ts';
import { clockView, keyboardView, languageView, logsView, networkView, toolsView } from './tools.ts';

type StepView = (state: FlowState, words: Words) => View;

const steps: Readonly<Record<Step, StepView>> = {
  home: homeView,
  sources: sourcesView,
  place: placeView,
  nfs: (state, words) => shareView('nfs', state, words),
  smb: (state, words) => shareView('smb', state, words),
  ssh: (state, words) => shareView('ssh', state, words),
  path: (state, words) => shareView('path', state, words),
  folder: folderView,
  images: imagesView,
  parts: partsView,
  target: targetView,
  copies: copiesView,
  plug: (_, words) => plugView(words),
  plan: planView,
  options: optionsView,
  grow: growView,
  layout: layoutView,
  'part-size': partSizeView,
  sectors: sectorsView,
  partitions: partitionsView,
  into: intoView,
  confirm: confirmView,
  disks: disksView,
  disk: diskView,
  tools: toolsView,
  logs: logsView,
  'save-logs': saveLogsView,
  network: networkView,
  keyboard: keyboardView,
  language: (_, words) => languageView(words),
  clock: (state, words) => clockView(state, words, new Date()),
};

export function viewOf(state: FlowState): View {
  const words = wordsOf(state.language);
  if (state.bug !== undefined) return bugView(state.bug, state, words);
  const below = viewBelow(state, words);
  return state.helpOpen ? helpView(below, words, state.language) : below;
}

function viewBelow(state: FlowState, words: Words): View {
  switch (viewBelowHelp(state)) {
    case 'question':
      return questionView(state.question!, state, words);
    case 'problem':
      return problemView(state.problem!, state, words);
    case 'job':
      return jobView(state, words);
    case 'waiting':
      return waitingView(state.waiting!, state, words);
    default:
      return steps[currentStep(state)](state, words);
  }
}
