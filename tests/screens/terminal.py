"""A terminal of 80x24 that a test types at and looks at: a tmux of its own, with a socket of its own."""
import os, subprocess, unicodedata

COLUMNS, ROWS = 80, 24
CONFIG = '''set -g status off
set -g default-terminal screen
set -g history-limit 50000
set -g escape-time 0
set -g exit-empty on
'''


def cells(line):
    """A line of the screen as its columns; a wide letter takes two, what is written over another one none."""
    out = []
    for c in line:
        if unicodedata.combining(c) and out:
            out[-1] += c
        else:
            out += [c] + [''] * (unicodedata.east_asian_width(c) in 'WF')
    return (out + [' '] * COLUMNS)[:COLUMNS]


class Terminal:
    """A shell in a tmux. `dir` holds its socket; `env` is all it knows of this machine."""

    def __init__(self, dir, env, shell, cwd):
        self.socket, self.env = os.path.join(dir, 'tmux'), env
        config = os.path.join(dir, 'tmux.conf')
        open(config, 'w').write(CONFIG)
        self.config = config
        self.tmux('new-session', '-d', '-x', str(COLUMNS), '-y', str(ROWS), '-c', cwd, *shell)

    def tmux(self, *args):
        p = subprocess.run(['tmux', '-u', '-S', self.socket, '-f', self.config, *args], capture_output=True, env=self.env)
        if p.returncode != 0:
            raise RuntimeError('tmux %s: %s' % (args[0], p.stderr.decode()))
        return p.stdout.decode()

    def type(self, text):
        if text:
            self.tmux('send-keys', '-l', '--', text)
        self.tmux('send-keys', 'Enter')

    def key(self, name):
        self.tmux('send-keys', name)

    def look(self):
        """The columns of each row, and where the cursor stands: its column, its row, and that row counted from the very first."""
        said, *rows = self.tmux('display-message', '-p', '#{cursor_x} #{cursor_y} #{history_size}', ';', 'capture-pane', '-p').split('\n')
        x, y, gone = map(int, said.split())
        return [cells(r) for r in (rows + [''] * ROWS)[:ROWS]], x, y, gone + y

    def close(self):
        try:
            self.tmux('kill-server')
        except RuntimeError:
            pass  # it is over already
