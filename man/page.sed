# What DocBook's stylesheet does: a paragraph after each heading, and minus signs in a date.
:all
N
$!b all
s/(\n\.S[HS][^\n]*)\n\.PP\n/\1\n/g
s/(\n\.TH [^\n]*[0-9]{4})\\-([0-9]{2})\\-/\1-\2-/
