// Reads data.json each second, keeps ten minutes, draws. Without the chart library the last ten seconds stand in a table.
'use strict';

const points_max = 600;
const series = { time: [], accepted: [], refused: [], delivered: [], depth: [], age: [] };
const field = (id) => document.getElementById(id);
const whole = (n) => Math.round(n).toLocaleString('en-GB');

let last = null;
let charts = [];

function chart(place, title, lines) {
  const el = field(place);
  const options = {
    title, width: el.clientWidth || 800, height: 220,
    series: [{}, ...lines.map(([label, stroke]) => ({ label, stroke, width: 2, points: { show: false } }))],
    axes: [{ stroke: '#888' }, { stroke: '#888', size: 60 }],
    scales: { y: { range: (_, min, max) => [0, Math.max(1, max * 1.1)] } },
  };
  const drawn = new uPlot(options, [[], ...lines.map(() => [])], el);
  addEventListener('resize', () => drawn.setSize({ width: el.clientWidth, height: 220 }));
  return drawn;
}

function start_charts() {
  if (typeof uPlot === 'undefined') {
    field('note').textContent = 'The chart was not built (npm was not there when this was built): numbers instead.';
    return;
  }
  charts = [
    [chart('rates', 'dossiers / s', [['accepted', '#1a7f37'], ['refused', '#b3261e'], ['delivered', '#0b57d0']]), ['accepted', 'refused', 'delivered']],
    [chart('queue', 'queue', [['depth', '#7a4b00'], ['age of the oldest, s', '#888']]), ['depth', 'age']],
  ];
}

// Only our own numbers and fixed words go in; textContent keeps it text.
function plain_table(place, names) {
  const table = document.createElement('table');
  const row = (cells, tag) => {
    const tr = table.insertRow();
    for (const cell of cells) tr.appendChild(Object.assign(document.createElement(tag), { textContent: cell }));
  };
  row(['time', ...names], 'th');
  for (let i = series.time.length - 1; i >= Math.max(0, series.time.length - 10); --i)
    row([new Date(series.time[i] * 1000).toLocaleTimeString('en-GB'), ...names.map((n) => series[n][i].toFixed(1))], 'td');
  field(place).replaceChildren(table);
}

function remember(now, data) {
  const seconds = last ? now - last.now : 0;
  // A counter that went back means that the gateway was started again.
  const rate = (name) => (seconds > 0 ? Math.max(0, data[name] - last.data[name]) / seconds : 0);
  const values = { time: now, accepted: rate('accepted'), refused: rate('refused'), delivered: rate('delivered'), depth: data.queue_depth, age: data.queue_age_s };
  for (const [name, value] of Object.entries(values)) {
    series[name].push(value);
    if (series[name].length > points_max) series[name].shift();
  }
  last = { now, data };
  return values;
}

function show(data, values) {
  for (const name of ['accepted', 'refused', 'delivered']) {
    field(name + '-rate').textContent = values[name].toFixed(1);
    field(name).textContent = whole(data[name]) + ' since start' + (name === 'accepted' ? ', ' + whole(data.repeated) + ' repeated' : '');
  }
  field('queue-depth').textContent = whole(data.queue_depth);
  field('queue-age').textContent = 'oldest ' + whole(data.queue_age_s) + ' s';
  field('dead').textContent = whole(data.dead);
  field('window').textContent = data.delivery.enabled ? 'window ' + data.delivery.window + ', under way ' + data.delivery.in_flight : 'another process delivers';
  field('ready').textContent = data.ready ? 'ready' : 'not ready';
  field('ready').className = 'badge ' + (data.ready ? 'yes' : 'no');
  field('alarms').replaceChildren(...data.delivery.alarms.map((name) => Object.assign(document.createElement('li'), { textContent: name })));
  const rows = Object.entries(data.refusals).sort((a, b) => b[1] - a[1]).map(([code, count]) => {
    const tr = document.createElement('tr');
    tr.append(Object.assign(document.createElement('td'), { textContent: code }), Object.assign(document.createElement('td'), { textContent: whole(count) }));
    return tr;
  });
  if (rows.length) field('refusals').replaceChildren(...rows);
  if (charts.length) for (const [drawn, names] of charts) drawn.setData([series.time, ...names.map((n) => series[n])]);
  else { plain_table('rates', ['accepted', 'refused', 'delivered']); plain_table('queue', ['depth', 'age']); }
}

async function look() {
  try {
    const answer = await fetch('data.json', { cache: 'no-store', signal: AbortSignal.timeout(3000) });
    const data = await answer.json();
    show(data, remember(Date.now() / 1000, data));
  } catch {
    field('ready').textContent = 'no answer';
    field('ready').className = 'badge no';
  }
  setTimeout(look, 1000);
}

start_charts();
look();
