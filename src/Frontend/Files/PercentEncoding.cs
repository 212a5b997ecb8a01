using System.Text;

namespace Podflare.Files;

/// <summary>Percent-encoding (RFC 3986, section 2.1) of arbitrary bytes.</summary>
internal static class PercentEncoding
{
    /// <summary>Decodes. A percent sign that two hex digits do not follow is kept.</summary>
    public static byte[] Decode(string text, bool plusIsSpace)
    {
        var source = Encoding.UTF8.GetBytes(text);
        var length = 0;
        for (var i = 0; i < source.Length; i++)
        {
            var value = source[i];
            if (value == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                value = Convert.FromHexString([(char)source[i + 1], (char)source[i + 2]])[0];
                i += 2;
            }
            else if (value == '+' && plusIsSpace)
            {
                value = (byte)' ';
            }

            source[length++] = value;
        }

        return source[..length];
    }
}
