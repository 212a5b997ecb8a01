using System.Buffers.Binary;
using System.Text.RegularExpressions;

namespace Podflare.Containers;

/// <summary>The guest compiled for one interpreter, as a container of an image has reported it.</summary>
/// <param name="Tag">What the interpreter puts into the names of its files, such as <c>cpython-311</c>.</param>
/// <param name="Magic">The magic number of the interpreter's bytecode, which every file begins with: 8 hexadecimal digits.</param>
/// <param name="Files">The bytecode of each source file, by its path in the guest's folder.</param>
public sealed partial record GuestBytecode(string Tag, string Magic, IReadOnlyDictionary<string, byte[]> Files)
{
    // Magic number, flags, hash of the source (PEP 552).
    private const int HeaderBytes = 16;

    // The hash is there, and the interpreter does not look at the source to check it.
    private const uint UncheckedHash = 1;

    /// <summary>Where the interpreter looks for the bytecode of a source file.</summary>
    public string PathOf(string source) => Path.Combine(Path.GetDirectoryName(source)!, "__pycache__", $"{Path.GetFileNameWithoutExtension(source)}.{Tag}.pyc");

    /// <summary>Checks that it is complete and of one interpreter: what is missing or does not fit would be compiled at every start.</summary>
    /// <param name="sources">The paths of all source files.</param>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public void Check(IReadOnlyCollection<string> sources)
    {
        if (!TagPattern().IsMatch(Tag)) throw new InvalidDataException("The tag of the interpreter is not 1 to 32 of a-z, 0-9 and -.");
        if (Magic.Length != 8 || !Magic.All(char.IsAsciiHexDigitLower)) throw new InvalidDataException("The magic number is not 8 hexadecimal digits.");
        if (Files.Count != sources.Count || !sources.All(Files.ContainsKey)) throw new InvalidDataException("The bytecode is not that of the guest's files.");
        var magic = Convert.FromHexString(Magic);
        foreach (var (path, content) in Files)
        {
            if (content.Length <= HeaderBytes || !content.AsSpan(0, magic.Length).SequenceEqual(magic) || BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(magic.Length)) != UncheckedHash)
                throw new InvalidDataException($"The bytecode of {path} does not begin as it should.");
        }
    }

    [GeneratedRegex("^[a-z0-9-]{1,32}$")]
    private static partial Regex TagPattern();
}
