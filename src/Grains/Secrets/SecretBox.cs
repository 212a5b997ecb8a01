using System.Security.Cryptography;
using System.Text;
using Podflare.Processes;
using Podflare.Webhooks;

namespace Podflare.Secrets;

/// <summary>Encrypts what is stored and must be read again, such as the secrets that sign webhooks: AES-256-GCM under <see cref="Variable"/>.</summary>
public sealed class SecretBox
{
    /// <summary>The environment variable with the key: 32 bytes as base64. All processes of a cluster have the same.</summary>
    public const string Variable = "PODFLARE_SECRET_KEY";

    private const byte Version = 1;
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    // The version, the nonce, the tag, and what was encrypted.
    private const int NonceStart = 1;
    private const int TagStart = NonceStart + NonceBytes;
    private const int TextStart = TagStart + TagBytes;

    private readonly byte[]? _key;

    /// <param name="key">Null where there is none: then nothing can be sealed.</param>
    public SecretBox(byte[]? key) => _key = key;

    /// <summary>The box of a process.</summary>
    /// <param name="text">The value of <see cref="Variable"/>.</param>
    /// <param name="folder">Where an embedded process keeps a key that it draws; null in a cluster, whose processes need the same.</param>
    /// <exception cref="StartUpException">The value is no key.</exception>
    public static SecretBox Open(string? text, string? folder)
    {
        if (!string.IsNullOrWhiteSpace(text)) return new SecretBox(Parse(text));
        return new SecretBox(folder is null ? null : ReadOrDraw(Path.Combine(folder, "secret-key")));
    }

    /// <exception cref="SecretKeyMissingException">There is no key.</exception>
    public void Require()
    {
        if (_key is null) throw new SecretKeyMissingException();
    }

    /// <param name="purpose">What the secret is for; it is opened for the same purpose only.</param>
    /// <exception cref="SecretKeyMissingException">There is no key.</exception>
    public string Seal(string secret, string purpose)
    {
        Require();
        var plain = Encoding.UTF8.GetBytes(secret);
        var box = new byte[TextStart + plain.Length];
        box[0] = Version;
        RandomNumberGenerator.Fill(box.AsSpan(NonceStart, NonceBytes));
        using var aes = new AesGcm(_key!, TagBytes);
        aes.Encrypt(box.AsSpan(NonceStart, NonceBytes), plain, box.AsSpan(TextStart), box.AsSpan(TagStart, TagBytes), Encoding.UTF8.GetBytes(purpose));
        return Convert.ToBase64String(box);
    }

    /// <returns>Null when it was sealed under another key or for another purpose.</returns>
    public string? TryOpen(string sealedSecret, string purpose)
    {
        var box = new byte[sealedSecret.Length];
        if (_key is null || !Convert.TryFromBase64String(sealedSecret, box, out var length) || length < TextStart || box[0] != Version) return null;
        var plain = new byte[length - TextStart];
        try
        {
            using var aes = new AesGcm(_key, TagBytes);
            aes.Decrypt(box.AsSpan(NonceStart, NonceBytes), box.AsSpan(TextStart, plain.Length), box.AsSpan(TagStart, TagBytes), plain, Encoding.UTF8.GetBytes(purpose));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Parse(string text)
    {
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == KeyBytes
            ? key[..KeyBytes]
            : throw new StartUpException($"{Variable} must be {KeyBytes} bytes as base64, as `openssl rand -base64 {KeyBytes}` prints them.");
    }

    private static byte[] ReadOrDraw(string path)
    {
        if (File.Exists(path)) return Parse(File.ReadAllText(path));
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        var draft = path + ".new";
        using (var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key)));
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path);
        return key;
    }
}
