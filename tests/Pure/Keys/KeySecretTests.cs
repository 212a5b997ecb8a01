using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Podflare.Keys;

namespace Podflare.Pure.Keys;

public sealed partial class KeySecretTests
{
    private const string Zeros = "pf_live_0000000000000000000000000000000MtAw2";

    [Fact]
    public void The_checksum_of_thirty_zeros_is_the_published_one() => Assert.True(KeySecret.IsWellFormed(Zeros));

    [Fact]
    public void A_new_secret_has_the_form_that_scanners_look_for()
    {
        var secret = KeySecret.New();

        Assert.Matches(Form(), secret);
        Assert.True(KeySecret.IsWellFormed(secret));
        Assert.NotEqual(secret, KeySecret.New());
        Assert.Equal(secret[..12], KeySecret.PrefixOf(secret));
    }

    [Fact]
    public void One_changed_character_is_noticed() =>
        Gen.Select(Gen.Int[0, Zeros.Length - 1], Gen.Char[' ', '~']).Sample((position, other) =>
        {
            var secret = KeySecret.New().ToCharArray();
            if (secret[position] == other) return;
            secret[position] = other;
            Assert.False(KeySecret.IsWellFormed(secret));
        });

    [Theory]
    [InlineData("")]
    [InlineData("pf_live_")]
    [InlineData("pf_live_0000000000000000000000000000000MtAw")]
    [InlineData("pf_live_0000000000000000000000000000000MtAw22")]
    [InlineData("pf_test_0000000000000000000000000000000MtAw2")]
    [InlineData("pf_live_00000000000000000000000000000é0MtAw2")]
    public void Another_form_is_refused(string key) => Assert.False(KeySecret.IsWellFormed(key));

    [Fact]
    public void A_hash_is_the_sha_256_in_hex_and_survives_json()
    {
        var hash = KeyHash.Of("abc");

        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hash.ToString());
        Assert.Equal(hash, JsonSerializer.Deserialize<KeyHash>(JsonSerializer.Serialize(hash)));
        Assert.Equal("env_ba7816bf", KeyId.OfEnvironment(hash).Value);
        Assert.Equal(KeyHash.Of(new string('é', 600)), KeyHash.Of(new string('é', 600)));
    }

    [Theory]
    [InlineData(KeyScopes.Read, KeyScopes.Read, true)]
    [InlineData(KeyScopes.Sandboxes, KeyScopes.Read, true)]
    [InlineData(KeyScopes.Read, KeyScopes.Sandboxes, false)]
    [InlineData(KeyScopes.Keys, KeyScopes.Read, false)]
    [InlineData(KeyScopes.Admin, KeyScopes.Keys | KeyScopes.MetricsRead, true)]
    [InlineData(KeyScopes.Admin, KeyScopes.Read, false)]
    [InlineData(KeyScopes.Admin, KeyScopes.Sandboxes, false)]
    [InlineData(KeyScopes.None, KeyScopes.None, true)]
    public void Scopes_include_others(KeyScopes scopes, KeyScopes required, bool allowed) => Assert.Equal(allowed, scopes.Allows(required));

    [Fact]
    public void A_key_grants_no_scope_that_it_lacks_except_an_administrators()
    {
        Assert.False(KeyScopes.Keys.MayGrant(KeyScopes.Sandboxes));
        Assert.True((KeyScopes.Keys | KeyScopes.Sandboxes).MayGrant(KeyScopes.Read | KeyScopes.Sandboxes));
        Assert.False((KeyScopes.Keys | KeyScopes.Sandboxes).MayGrant(KeyScopes.Admin));
        Assert.True(KeyScopes.Admin.MayGrant(KeyScopes.Sandboxes | KeyScopes.Admin));
    }

    [Fact]
    public void Names_of_scopes_are_read_and_written()
    {
        Assert.Equal(["read", "sandboxes", "keys", "metrics:read", "admin"], KeyScopesExtensions.AllNames);
        foreach (var name in KeyScopesExtensions.AllNames)
        {
            Assert.True(KeyScopes.TryParse(name, out var scope));
            Assert.Equal([name], scope.ToNames());
        }

        Assert.False(KeyScopes.TryParse("everything", out _));
    }

    [GeneratedRegex(@"^pf_live_[0-9A-Za-z]{36}$")]
    private static partial Regex Form();
}
