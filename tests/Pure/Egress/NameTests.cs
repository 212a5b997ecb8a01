using CsCheck;
using Podflare.EgressProxy.Names;

namespace Podflare.EgressProxy;

/// <summary>Host names, and lists of them.</summary>
public sealed class NameTests
{
    [Theory]
    [InlineData("api.example.com", "api.example.com")]
    [InlineData("API.Example.COM.", "api.example.com")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("a-b.c-d.e", "a-b.c-d.e")]
    [InlineData("1.example", "1.example")]
    public void A_name_is_normalized(string text, string name) => Assert.Equal(name, HostName.Normalize(text));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("localhost")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData(".a.b")]
    [InlineData("a.b..")]
    [InlineData("a_b.example")]
    [InlineData("-a.example")]
    [InlineData("a-.example")]
    [InlineData("*.example.com")]
    [InlineData("a b.example")]
    [InlineData("a\0.example")]
    [InlineData("a/b.example")]
    [InlineData("a@b.example")]
    [InlineData("bücher.example")]
    [InlineData("a.example:443")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f.0.0.0x1")]
    [InlineData("1.2.3.0377")]
    [InlineData("[::1]")]
    [InlineData("::1")]
    [InlineData("[::ffff:8.8.8.8]")]
    public void What_is_not_a_name_is_refused(string text) => Assert.Null(HostName.Normalize(text));

    [Fact]
    public void Labels_and_names_have_a_greatest_length()
    {
        var label = new string('a', 63);
        Assert.NotNull(HostName.Normalize($"{label}.example"));
        Assert.Null(HostName.Normalize($"{label}a.example"));
        Assert.NotNull(HostName.Normalize($"{label}.{label}.{label}.{new string('b', 61)}"));
        Assert.Null(HostName.Normalize($"{label}.{label}.{label}.{new string('b', 62)}"));
    }

    [Fact]
    public void Whatever_is_read_a_normalized_name_stays_what_it_is() =>
        Gen.String[Gen.Char["abcXYZ019-._*é\0 :[]"], 0, 40].Sample(text =>
            HostName.Normalize(text) is not { } name || (HostName.Normalize(name) == name && name.All(c => c is '.' or '-' || char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))));

    [Theory]
    [InlineData("api.example.com", true)]
    [InlineData("example.com", false)]
    [InlineData("xapi.example.com", false)]
    [InlineData("api.example.com.evil.net", false)]
    [InlineData("files.packages.example.com", true)]
    [InlineData("a.b.packages.example.com", true)]
    [InlineData("packages.example.com", false)]
    [InlineData("evilpackages.example.com", false)]
    public void A_name_is_on_the_list_or_not(string name, bool allowed) =>
        Assert.Equal(allowed, new AllowList(["api.example.com", "*.packages.example.com"]).Contains(name));

    [Fact]
    public void A_pattern_means_all_names_that_end_in_it_and_have_more_in_front() =>
        Gen.Select(Name(1, 3), Name(1, 4)).Sample((suffix, name) =>
            new AllowList([$"*.{suffix}"]).Contains(name) == name.EndsWith($".{suffix}", StringComparison.Ordinal)
            && new AllowList([suffix]).Contains(name) == (name == suffix)
            && !new AllowList([]).Contains(name));

    private static Gen<string> Name(int least, int most) => Gen.OneOfConst("a", "b", "ab").Array[least, most].Select(labels => string.Join('.', labels));
}
