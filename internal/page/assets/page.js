'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const byID = (id) => document.getElementById(id);
  const search = byID('search');
  const show = byID('show');
  const team = byID('team');

  // A place of a template is named "host" or "way.3". Text nodes are all that is written.
  const valueAt = (thing, name) => name.split('.').reduce((value, key) => (value || {})[key], thing) || '';

  const fill = (node, thing) => {
    for (const slot of node.querySelectorAll('[data-slot]')) {
      slot.textContent = valueAt(thing, slot.dataset.slot);
    }
    for (const mark of node.querySelectorAll('[data-mark]')) {
      mark.dataset.state = valueAt(thing, 'marks.' + mark.dataset.mark);
    }
    return node;
  };

  const probeNode = (probe) => {
    const node = fill(byID('probe').content.querySelector('tr').cloneNode(true), probe);
    node.dataset.state = probe.state;
    return node;
  };

  // A row's picture, facts and probes are drawn once it is opened.
  const rowNode = (row) => {
    const whole = byID('row-' + row.door).content.querySelector('details');
    const node = whole.cloneNode(false);
    node.append(fill(whole.querySelector('summary').cloneNode(true), row));
    node.dataset.state = row.state || '';
    node.dataset.change = row.change || '';
    node.addEventListener('toggle', () => {
      const inside = fill(whole.querySelector('.inside').cloneNode(true), row);
      if (row.asked) inside.querySelector('.asked').append(probeTable(row.asked));
      node.append(inside);
    }, { once: true });
    return node;
  };

  const probeTable = (asked) => {
    const table = byID('probe-table').content.querySelector('table').cloneNode(true);
    table.tBodies[0].append(...asked.map((n) => probeNode(data.probes[n])));
    return table;
  };

  const textOf = (thing) => Object.entries(thing)
    .filter(([key]) => key !== 'way' && key !== 'marks' && key !== 'asked')
    .map(([, value]) => value).join(' ').toLowerCase();

  // A list shows the first of its things that match, and more on demand.
  const list = (name, things, target, more, draw) => {
    const texts = things.map((thing) => textOf(thing) + ' ' + (thing.host || '') + (thing.base || ''));
    let found = things;
    let shown = 0;
    const append = () => {
      target.append(...found.slice(shown, shown + data.atOnce).map(draw));
      shown = Math.min(found.length, shown + data.atOnce);
      more.parentElement.hidden = shown >= found.length;
      more.textContent = 'Show ' + Math.min(data.atOnce, found.length - shown) + ' more';
    };
    more.addEventListener('click', () => {
      const first = target.children.length;
      append();
      const next = target.children[first];
      const focusable = next && next.querySelector('summary');
      if (focusable) focusable.focus();
    });
    return (words, keep) => {
      found = things.filter((thing, i) => keep(thing) && words.every((word) => texts[i].includes(word)));
      shown = 0;
      target.replaceChildren();
      append();
      report(name, found.length, things.length);
    };
  };

  const report = (name, found, all) => {
    const line = document.querySelector('[data-of="' + name + '"]');
    const noun = { rows: 'row', probes: 'probe', policies: 'API' }[name];
    const number = (n) => n.toLocaleString('en-US');
    line.textContent = (found === all ? number(all) : number(found) + ' of ' + number(all)) + ' ' + noun + (all === 1 ? '' : 's');
    line.dataset.none = found === 0 ? 'none' : '';
  };

  const parts = [];
  if (byID('row-list')) {
    const draw = list('rows', data.rows, byID('row-list'), byID('more-rows'), rowNode);
    parts.push((words) => draw(words, (row) => (!team || !team.value || row.team === team.value) &&
      (!show || !show.value || (show.value === 'changed' ? row.change : row.state === 'failed'))));
  }
  if (byID('probe-list')) {
    const draw = list('probes', data.probes, byID('probe-list'), byID('more-probes'), probeNode);
    const failed = () => show && show.value === 'failed';
    parts.push((words) => draw(words, (probe) => !failed() || probe.state === 'failed'));
  }
  const policies = byID('policy-list');
  if (policies) {
    const items = [...policies.children].map((node) => ({ node, text: node.querySelector('summary').textContent.toLowerCase() }));
    parts.push((words) => {
      let found = 0;
      for (const { node, text } of items) {
        node.hidden = !words.every((word) => text.includes(word));
        if (!node.hidden) found++;
      }
      report('policies', found, items.length);
    });
  }

  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const part of parts) part(words);
  };

  for (const node of document.querySelectorAll('.search, .filters, .keys')) node.hidden = false;
  search.addEventListener('input', update);
  for (const filter of [show, team]) if (filter) filter.addEventListener('change', update);
  document.addEventListener('keydown', (event) => {
    const typing = event.target.matches('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === 'Escape' && event.target === search) {
      search.value = '';
      update();
    }
  });
  update();
})();
