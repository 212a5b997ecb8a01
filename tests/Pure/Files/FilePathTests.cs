using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Podflare.Files;
using Podflare.Http;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Paths as requests carry them, and how many files may be on their way.</summary>
public sealed class FilePathTests
{
    private const string Prefix = "/v1/sandboxes/sbx_00112233445566778899aabbccddeeff/files/";

    [Theory]
    [InlineData("root/a", "/root/a")]
    [InlineData("/root//a/", "/root/a")]
    [InlineData("root/a?b=c", "/root/a")]
    [InlineData("root/%C3%A9%20%2B+", "/root/\u00e9 ++")]
    [InlineData("root/files/a", "/root/files/a")]
    [InlineData("root%2Fa", "/root/a")]
    [InlineData("root/100%", "/root/100%")]
    [InlineData("root/%zz%2", "/root/%zz%2")]
    [InlineData("root/...", "/root/...")]
    [InlineData("", "/")]
    public void A_path_is_what_stands_behind_files_as_it_was_written(string written, string path) => Assert.Equal(path, FilePathReader.OfRoute(Request(Prefix + written)).ToString());

    [Theory]
    [InlineData("..")]
    [InlineData("root/../etc")]
    [InlineData("%2e%2e%2fetc")]
    [InlineData("root/.%2e/x")]
    [InlineData("root/./x")]
    [InlineData("root/%00")]
    public void Parts_that_lead_elsewhere_are_refused_by_name(string written)
    {
        var refused = Assert.Throws<ProblemException>(() => FilePathReader.OfRoute(Request(Prefix + written)));
        Assert.Equal((400, "path"), (refused.Problem.Status, refused.Problem.Errors!.All.Single().Key));
    }

    [Fact]
    public void Names_are_bytes_and_have_their_longest()
    {
        Assert.Equal([(byte)'/', 0xFF, 0xC3], FilePathReader.OfRoute(Request($"{Prefix}%FF%c3")).Bytes);
        Assert.NotNull(FilePath.Parse(Encoding.UTF8.GetBytes(new string('x', 255)), out _));
        Assert.Null(FilePath.Parse(Encoding.UTF8.GetBytes(new string('x', 256)), out _));
        Assert.NotNull(FilePath.Parse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("/xxxxxxx", 511))), out _));
        Assert.Null(FilePath.Parse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("/xxxxxxx", 512))), out _));
    }

    [Fact]
    public void A_folder_in_a_query_is_absolute_given_once_or_the_home()
    {
        Assert.Equal("/root", FilePathReader.OfQuery(Request("/files?limit=1")).ToString());
        Assert.Equal("/a b/c+", FilePathReader.OfQuery(Request("/files?x=y&path=/a+b/c%2B")).ToString());
        foreach (var query in new[] { "path=root", "path=", "path", "path=/a&path=/b", "path=/a/.." }) Assert.Throws<ProblemException>(() => FilePathReader.OfQuery(Request($"/files?{query}")));
    }

    [Fact]
    public void One_file_more_than_there_are_places_is_told_to_come_again()
    {
        var places = new TransferLimiter(Options.Create(new HttpOptions { MaxFileTransfers = 2 }), new NoLimits());
        using var first = places.Enter(TenantId.Default);
        for (var i = 0; i < 3; i++)
        {
            using var second = places.Enter(TenantId.Default);
            Assert.Equal((429, 1), (Assert.Throws<ProblemException>(() => places.Enter(TenantId.Default)).Problem is var refused ? (refused.Status, refused.RetryAfter) : default));
        }
    }

    private static DefaultHttpContext Request(string target)
    {
        var context = new DefaultHttpContext();
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        return context;
    }
}
