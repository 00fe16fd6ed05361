# Makes of cpp-httplib's own tests one that tests another server:
#
#   perl httplib_substitute.pl test.cc suite.cc tests.txt HEADER SERVER SSL_SERVER
#
# suite.cc has SERVER and SSL_SERVER where test.cc makes a Server or an SSLServer, and includes
# HEADER (if not empty); tests.txt names the tests that have a server: in their body, their fixture
# or a helper that they call. Tests named *_Online speak to the internet and are left out.
use strict;
use warnings;

my ($in, $out, $list, $header, $server, $ssl_server) = @ARGV;
my $text = do { local $/; open my $file, '<', $in or die "$in: $!\n"; <$file> };

sub without_texts {
  my $code = shift;
  $code =~ s{//[^\n]*}{}g;
  $code =~ s{"(?:\\.|[^"\\])*"}{""}g;
  return $code;
}

sub makes_a_server {
  my $code = without_texts(shift);
  return $code =~ /\b(?:httplib::)?(?:SSL)?Server\s+\w+\s*[;({=]/
      || $code =~ /<\s*(?:httplib::)?(?:SSL)?Server\s*>/;
}

my %fixtures;
while ($text =~ /^class\s+(\w+)\s*(?:final\s*)?:\s*public\s+(?:::)?testing::Test(?:WithParam<[^>]*>)?\s*\{(.*?)^\};/msg) {
  my ($name, $body) = ($1, $2);
  $fixtures{$name} = 1 if $body =~ /\b(?:SSL)?Server\b(?!\s*::)\s*>?\s*\w*/;
}
my %helpers;
while ($text =~ /^(?:(?:static|inline)\s+)*[\w:]+\s+(\w+)\([^;{]*\)\s*\{(.*?)^\}/msg) {
  my ($name, $body) = ($1, $2);
  $helpers{$name} = 1 if $name !~ /^TEST/ && makes_a_server($body);
}
my $helper = join '|', map { quotemeta } sort keys %helpers;

my ($all, $selected) = (0, 0);
open my $names, '>', $list or die "$list: $!\n";
for my $part (split /^(?=TEST(?:_F|_P)?\()/m, $text) {
  next unless $part =~ /^(TEST(?:_F|_P)?)\((\w+),\s*(\w+)\)(.*?)^\}/ms;
  my ($kind, $suite, $name, $body) = ($1, $2, $3, $4);
  $all++;
  next if $name =~ /_Online$/;
  my $by_fixture = $kind ne 'TEST' && $fixtures{$suite};
  my $by_helper = $helper ne '' && without_texts($body) =~ /\b(?:$helper)\s*\(/;
  next unless $by_fixture || $by_helper || makes_a_server($body);
  $selected++;
  print $names "$suite.$name\n";
}
close $names;
print "$all tests in the file, $selected with a server\n";

# Types only: not strings, Server::HandlerResponse or `Server &` parameters, through which the base
# class's functions are tested. NoListenSSLServer overrides what the engine replaces: it stays.
my @kept;
$text =~ s/(class NoListenSSLServer\b.*?^  \};)/push @kept, $1; "\@\@KEPT$#kept\@\@"/msge;
my $other = sub { $_[0] eq 'SSLServer' ? $ssl_server : $server };
$text =~ s/(?<![\w:"&])(?:httplib::)?(SSLServer|Server)(?=\s+(?:svr|server|ssl_svr|svr\d|ssl_svr\d)\w*\s*[;({=])/$other->($1)/ge;
$text =~ s/(unique(?:_ptr)?<\s*)(?:httplib::)?(SSLServer|Server)(?=\s*>)/$1 . $other->($2)/ge;
$text =~ s/\@\@KEPT(\d+)\@\@/$kept[$1]/g;
my $include = $header eq '' ? '' : "#include \"$header\"\n";
$text =~ s/^(#include <httplib\.h>\n)/$1$include#line 2 "test.cc"\n/m
  or die "$in does not include httplib.h\n";
open my $made, '>', $out or die "$out: $!\n";
print $made $text;
