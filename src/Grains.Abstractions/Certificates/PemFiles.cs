using System.Security.Cryptography;

namespace Podflare.Certificates;

/// <summary>A value that is read from PEM files, and read again when they have changed.</summary>
/// <remarks>
/// The files are compared by content, at most every 30 seconds and only when the value is used: neither time stamps nor notifications can be relied on
/// where files are links into a volume that is replaced as a whole.
/// </remarks>
/// <param name="load">Makes the value of the texts of the files.</param>
internal sealed class PemFiles<T>(IReadOnlyList<string> paths, Func<IReadOnlyList<string>, T> load, TimeProvider time) where T : class
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(30);
    private readonly Lock _reading = new();
    private IReadOnlyList<string> _texts = [];
    private T? _value;
    private long _checkedAt;

    /// <summary>Receives what was wrong with new files. The value of the old ones stays in use.</summary>
    public Action<Exception>? OnRefused { get; set; }

    /// <summary>The value. The first use reads the files.</summary>
    /// <exception cref="CertificateFileException">The files cannot be read, or do not fit together, and never did.</exception>
    public T Value
    {
        get
        {
            var value = Volatile.Read(ref _value);
            if (value is not null && time.GetElapsedTime(Volatile.Read(ref _checkedAt)) < CheckInterval) return value;
            lock (_reading) return Read();
        }
    }

    private T Read()
    {
        if (_value is not null && time.GetElapsedTime(_checkedAt) < CheckInterval) return _value;
        try
        {
            string[] texts = [.. paths.Select(File.ReadAllText)];
            if (_value is null || !texts.SequenceEqual(_texts))
            {
                // Files that do not fit are not tried again until they have changed once more.
                _texts = texts;
                Volatile.Write(ref _value, load(texts));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            var refused = new CertificateFileException($"{string.Join(" and ", paths)} cannot be used: {e.Message}", e);
            if (_value is null) throw refused;
            OnRefused?.Invoke(refused);
        }

        Volatile.Write(ref _checkedAt, time.GetTimestamp());
        return _value!;
    }
}

/// <summary>PEM files that cannot be read, or that do not fit together. The message names them.</summary>
public sealed class CertificateFileException(string message, Exception? inner = null) : Exception(message, inner);
