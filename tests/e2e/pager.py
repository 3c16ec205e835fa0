#!/usr/bin/python3
"""Long texts go to a pager where somebody at a terminal reads them."""
from harness import Case, main


class Pager(Case):
    def shown(self, *words, terminal=True, **variables):
        """What a reader sees of the help; less is one that tells how it was called."""
        self.fake("less", 'echo "less LESS=$LESS LESSCHARSET=$LESSCHARSET LESSSECURE=$LESSSECURE"; head -n 1')
        env = {name: value for name, value in (self.env | variables).items() if value is not None}
        run = self.start("--help", *words, terminal=terminal, env=env)
        self.assert_status(0, run)
        return run.text.replace("\r\n", "\n")

    HEAD = "vmspawn VERB [ARGUMENT…] [FLAGS] [-- WORD…]\n"

    def test_less_unless_another_is_asked_for(self):
        self.assertEqual("less LESS=FRSXMK LESSCHARSET=utf-8 LESSSECURE=\n" + self.HEAD, self.shown())
        self.assertEqual("less LESS=X LESSCHARSET=ascii LESSSECURE=\n" + self.HEAD, self.shown(SYSTEMD_LESS="X", SYSTEMD_LESSCHARSET="ascii", LESS="y"))
        self.assertEqual("> " + self.HEAD, self.shown(PAGER="head -n 1 | sed 's/^/> /'"))
        self.assertEqual("s " + self.HEAD, self.shown(PAGER="false", SYSTEMD_PAGER="head -n 1 | sed 's/^/s /'"))

    def test_none_where_none_is_wanted(self):
        for words, variables in ((["--no-pager"], {}), ([], {"PAGER": ""}), ([], {"SYSTEMD_PAGER": "cat", "PAGER": "less"}), ([], {"TERM": "dumb"}),
                                 ([], {"TERM": None})):
            text = self.shown(*words, **variables)
            self.assertTrue(text.startswith(self.HEAD), f"{words} {variables}: {text}")
            self.assertIn("--no-pager", text)
        self.assertTrue(self.shown(terminal=False).startswith(self.HEAD))
        self.env["PATH"] = "/nonexistent"
        run = self.start("--help", terminal=True)
        self.assert_status(0, run)
        self.assertTrue(run.text.startswith(self.HEAD.strip()))

    def test_the_manual_is_a_link_where_one_can_be_followed(self):
        link = "\033]8;;man:vmspawn(1)\033\\vmspawn(1)\033]8;;\033\\"
        self.assertIn(link, self.shown("--no-pager"))
        self.assertIn(link, self.shown("--no-pager", terminal=False, SYSTEMD_URLIFY="yes"))
        for variables in ({"SYSTEMD_URLIFY": "no"}, {"TERM": "dumb"}):
            text = self.shown("--no-pager", **variables)
            self.assertIn("See vmspawn(1) for", text)
            self.assertNotIn("\033", text)
        self.assertIn("See vmspawn(1) for", self.shown(terminal=False))

    def test_a_pager_that_is_not_installed_hides_nothing(self):
        for pager in ("no-such-pager", "no-such-pager -R", "/nonexistent/pager"):
            text = self.shown(PAGER=pager)
            self.assertTrue(text.startswith(self.HEAD), f"{pager}: {text}")
            self.assertIn("--no-pager", text)
        self.assertEqual("> " + self.HEAD, self.shown(PAGER="A=b head -n 1 | sed 's/^/> /'"))

    def test_with_rights_of_somebody_else_only_less_and_that_one_locked_in(self):
        locked = "less LESS=FRSXMK LESSCHARSET=utf-8 LESSSECURE=1\n" + self.HEAD
        self.assertEqual(locked, self.shown(PAGER="false", SUDO_UID="1000"))
        self.assertEqual(locked, self.shown(SYSTEMD_PAGERSECURE="yes", PAGER="false"))
        self.assertEqual("> " + self.HEAD, self.shown(SYSTEMD_PAGERSECURE="no", PAGER="head -n 1 | sed 's/^/> /'", SUDO_UID="1000"))


if __name__ == "__main__":
    main()
