using System.Security.Cryptography;
using Podflare.Processes;
using Podflare.Webhooks;

namespace Podflare.Secrets;

public sealed class SecretBoxTests
{
    private readonly SecretBox _box = SecretBox.Open(Key(), folder: null);

    [Fact]
    public void A_secret_is_opened_with_the_same_key_for_the_same_purpose_alone()
    {
        var box = _box.Seal("whsec_x", "webhook 1");
        Assert.Equal("whsec_x", _box.TryOpen(box, "webhook 1"));
        Assert.Null(_box.TryOpen(box, "webhook 2"));
        Assert.Null(SecretBox.Open(Key(), null).TryOpen(box, "webhook 1"));
        Assert.NotEqual(box, _box.Seal("whsec_x", "webhook 1"));
        Assert.DoesNotContain("whsec", System.Text.Encoding.Latin1.GetString(Convert.FromBase64String(box)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AQ==")]
    [InlineData("not base64")]
    public void What_was_never_sealed_is_not_opened(string text) => Assert.Null(_box.TryOpen(text, "webhook 1"));

    [Fact]
    public void A_box_that_was_changed_is_not_opened()
    {
        var bytes = Convert.FromBase64String(_box.Seal("whsec_x", "p"));
        for (var i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 1;
            Assert.Null(_box.TryOpen(Convert.ToBase64String(changed), "p"));
        }
    }

    [Theory]
    [InlineData("short")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA==")]
    public void A_key_of_another_length_stops_the_start(string key) => Assert.Throws<StartUpException>(() => SecretBox.Open(key, null));

    [Fact]
    public void A_cluster_without_a_key_seals_nothing() => Assert.Throws<SecretKeyMissingException>(() => SecretBox.Open(null, null).Seal("x", "p"));

    [Fact]
    public void An_embedded_process_draws_a_key_for_itself_and_keeps_it()
    {
        var folder = Directory.CreateTempSubdirectory("secret.").FullName;
        var box = SecretBox.Open(null, folder).Seal("x", "p");
        Assert.Equal("x", SecretBox.Open(null, folder).TryOpen(box, "p"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Path.Combine(folder, "secret-key")).UnixFileMode);
        Directory.Delete(folder, recursive: true);
    }

    private static string Key() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
