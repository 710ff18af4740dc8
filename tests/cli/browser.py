"""A headless Chromium for tests, driven over the DevTools protocol by a pipe: no port, no third-party module."""
import atexit, base64, fcntl, json, os, pathlib, select, shutil, signal, subprocess, tempfile, time

NAMES = ('chromium', 'chromium-browser', 'google-chrome')


def find():
    """The browser's path, or None."""
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Gone(RuntimeError):
    """The browser refuses a call: what it was about is not there, or not any more."""


class Browser:
    """One browser with one tab. What a page asked for stands in `requests`, what it complained of in `complaints`."""

    def __init__(self, width=1000, height=1400):
        self.dir = tempfile.mkdtemp(prefix='casevault-browser-')
        self.size = width, height
        self.buffer, self.events, self.number, self.script = b'', [], 0, None
        self.requests, self.complaints = [], []
        self.process = None
        atexit.register(self.close)
        self._start()
        target = self._call('Target.createTarget', {'url': 'about:blank'}, session=None)['targetId']
        self.session = self._call('Target.attachToTarget', {'targetId': target, 'flatten': True}, session=None)['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self._call(domain + '.enable')
        self._resize(height)
        self.agent = self._call('Browser.getVersion', session=None)['userAgent']
        self.speak('en')

    def _start(self):
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def fds():  # in the child: it reads from 3 and writes to 4; by way of numbers above, lest one close the other
            a, b = fcntl.fcntl(to_read, fcntl.F_DUPFD, 10), fcntl.fcntl(from_write, fcntl.F_DUPFD, 10)
            os.dup2(a, 3)
            os.dup2(b, 4)
            os.close(a)
            os.close(b)

        flags = ['--headless=new', '--disable-gpu', '--no-first-run', '--no-default-browser-check', '--remote-debugging-pipe',
                 '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
                 '--hide-scrollbars', '--user-data-dir=' + self.dir] + (['--no-sandbox'] if os.geteuid() == 0 else [])
        self.process = subprocess.Popen([find(), *flags, 'about:blank'], close_fds=False, preexec_fn=fds, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        env=dict(os.environ, HOME=self.dir))
        os.close(to_read)
        os.close(from_write)

    def _receive(self, deadline):
        """One message, or None when the time is over."""
        while b'\0' not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                return None
            more = os.read(self.back, 1 << 20)
            if not more:
                raise RuntimeError('the browser has ended')
            self.buffer += more
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def _note(self, message):
        method, params = message.get('method'), message.get('params', {})
        if method == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])
        elif method == 'Runtime.exceptionThrown':
            details = params['exceptionDetails']
            self.complaints.append(details.get('exception', {}).get('description') or details['text'])
        elif method == 'Runtime.consoleAPICalled':
            self.complaints.append(' '.join(str(a.get('value', a.get('description'))) for a in params['args']))
        elif method == 'Log.entryAdded':
            self.complaints.append(params['entry']['text'])

    def _call(self, method, params=None, timeout=30, session=True):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params or {}}
        if session:
            message['sessionId'] = self.session
        raw = json.dumps(message).encode() + b'\0'
        while raw:
            raw = raw[os.write(self.to, raw):]
        deadline = time.monotonic() + timeout
        while True:
            answer = self._receive(deadline)
            if answer is None:
                raise RuntimeError('the browser does not answer to ' + method)
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise Gone('%s: %s' % (method, answer['error']['message']))
                return answer['result']
            self._note(answer)

    def _resize(self, height):
        self._call('Emulation.setDeviceMetricsOverride',
                   {'width': self.size[0], 'height': height, 'deviceScaleFactor': 1, 'mobile': False})

    def speak(self, languages):
        """What its reader reads, best first ("ru-RU,en"): pages that are opened from now on are asked for in that."""
        self._call('Emulation.setUserAgentOverride', {'userAgent': self.agent, 'acceptLanguage': languages})

    def resize(self, width):
        self.size = width, self.size[1]
        self._resize(self.size[1])

    def press(self, key, code):
        """A key of the keyboard, by its name and number."""
        text = {'text': '\r'} if key == 'Enter' else {}
        for kind in ('keyDown', 'keyUp'):
            self._call('Input.dispatchKeyEvent', {'type': kind, 'key': key, 'windowsVirtualKeyCode': code, **(text if kind == 'keyDown' else {})})

    def open(self, path, before=None, timeout=30):
        """Open a file and wait until the page has said its result; gives it. `before`: a script that runs first."""
        if self.script is not None:
            self._call('Page.removeScriptToEvaluateOnNewDocument', {'identifier': self.script})
            self.script = None
        if before is not None:
            self.script = self._call('Page.addScriptToEvaluateOnNewDocument', {'source': before})['identifier']
        self.eval('globalThis.isOld = true')  # what is there now is not what we wait for
        self.requests.clear()
        self.complaints.clear()
        answer = self._call('Page.navigate', {'url': pathlib.Path(path).absolute().as_uri()})
        if 'errorText' in answer:
            raise RuntimeError('%s: %s' % (path, answer['errorText']))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                result = self.eval('globalThis.isOld ? null : document.documentElement?.dataset.result ?? null')
            except Gone:
                result = None  # between two pages
            if result is not None:
                return result
            time.sleep(0.02)
        raise RuntimeError('the page gives no result: %s' % self.complaints)

    def text_without_scripts(self, path):
        """What a file says to whoever has scripts switched off."""
        self._call('Emulation.setScriptExecutionDisabled', {'value': True})
        try:
            self._call('Page.navigate', {'url': pathlib.Path(path).absolute().as_uri()})
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    if self.eval('document.readyState === "complete" && location.protocol === "file:"'):
                        return self.eval('document.body.innerText')
                except Gone:
                    pass
                time.sleep(0.02)
            raise RuntimeError('the page does not open')
        finally:
            self._call('Emulation.setScriptExecutionDisabled', {'value': False})

    def eval(self, script):
        answer = self._call('Runtime.evaluate', {'expression': script, 'returnByValue': True, 'awaitPromise': True})
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails'].get('exception', {}).get('description', script))
        return answer['result'].get('value')

    def screenshot(self, path, full=False):
        """A PNG of what is seen, or of the full page."""
        if full:
            self._resize(self.eval('document.documentElement.scrollHeight'))
        data = self._call('Page.captureScreenshot', {'format': 'png'})['data']
        open(path, 'wb').write(base64.b64decode(data))
        self._resize(self.size[1])

    def pdf(self, path):
        data = self._call('Page.printToPDF', {'printBackground': False, 'preferCSSPageSize': True}, timeout=60)['data']
        open(path, 'wb').write(base64.b64decode(data))

    def close(self):
        """End the browser, and all that it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
            os.close(self.to)
            os.close(self.back)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
