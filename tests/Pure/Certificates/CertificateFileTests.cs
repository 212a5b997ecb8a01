using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;

namespace Podflare.Certificates;

public sealed class CertificateFileTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("pf-pem-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly TestAuthority _authority;

    public CertificateFileTests() => _authority = new TestAuthority(_folder);

    [Fact]
    public void A_new_pair_is_noticed_after_30_seconds()
    {
        var (certificate, key) = _authority.Write("server");
        var file = new CertificateFile(certificate, key, _time);
        var first = file.Certificate.SerialNumber;

        _authority.Write("server");
        _time.Advance(Interval - TimeSpan.FromSeconds(1));
        Assert.Equal(first, file.Certificate.SerialNumber);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.NotEqual(first, file.Certificate.SerialNumber);
        Assert.True(file.Certificate.HasPrivateKey);
    }

    [Theory]
    [InlineData("certificate", null)] // not yet the key
    [InlineData("key", null)]
    [InlineData("certificate", "not PEM")]
    [InlineData("key", "")]
    [InlineData("certificate", "gone")]
    public void The_old_pair_stays_until_a_new_one_fits(string part, string? content)
    {
        var paths = _authority.Write("server");
        var refused = new List<Exception>();
        var file = new CertificateFile(paths.Certificate, paths.Key, _time) { OnRefused = refused.Add };
        var (first, next) = (file.Certificate.SerialNumber, _authority.Issue("server"));

        var path = part == "key" ? paths.Key : paths.Certificate;
        if (content == "gone") File.Delete(path);
        else File.WriteAllText(path, content ?? (part == "key" ? next.Key : next.Certificate));
        _time.Advance(Interval);
        Assert.Equal(first, file.Certificate.SerialNumber);
        Assert.Contains(paths.Certificate, Assert.IsType<CertificateFileException>(Assert.Single(refused)).Message, StringComparison.Ordinal);

        File.WriteAllText(paths.Certificate, next.Certificate);
        File.WriteAllText(paths.Key, next.Key);
        _time.Advance(Interval);

        Assert.NotEqual(first, file.Certificate.SerialNumber);
    }

    [Fact]
    public void A_chain_is_kept_with_its_certificate()
    {
        var (certificate, key) = _authority.Write("server");
        File.AppendAllText(certificate, "\n" + _authority.Root.ExportCertificatePem());

        var file = new CertificateFile(certificate, key, _time);

        Assert.Equal("CN=server", file.Certificate.Subject);
    }

    [Fact]
    public void Files_that_cannot_be_used_at_the_start_are_an_error_that_names_them()
    {
        var (certificate, key) = _authority.Write("server");
        var other = _authority.Write("other");

        foreach (var (first, second) in new[] { (certificate, other.Key), (key, certificate), ("/nowhere", key), (certificate, "/nowhere") })
            Assert.Contains($"{first} and {second}", Assert.Throws<CertificateFileException>(() => new CertificateFile(first, second, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_trusts_what_it_has_issued_and_is_valid()
    {
        using var other = new TestAuthority(_folder);
        var authority = new CertificateAuthority(_authority.RootPath, _time);

        Assert.True(authority.Trusts(Parse(_authority.Issue("worker1").Certificate)));
        Assert.False(authority.Trusts(Parse(other.Issue("worker1").Certificate)));
        Assert.False(authority.Trusts(Parse(_authority.Issue("worker1", validDays: 0).Certificate)));
        Assert.False(authority.Trusts(other.Root));
    }

    [Fact]
    public void A_new_authority_is_noticed()
    {
        using var other = new TestAuthority(_folder);
        var authority = new CertificateAuthority(_authority.RootPath, _time);

        File.AppendAllText(_authority.RootPath, "\n" + other.Root.ExportCertificatePem());
        _time.Advance(Interval);

        Assert.True(authority.Trusts(Parse(_authority.Issue("worker1").Certificate)));
        Assert.True(authority.Trusts(Parse(other.Issue("worker1").Certificate)));
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static X509Certificate2 Parse(string pem) => X509Certificate2.CreateFromPem(pem);
}
