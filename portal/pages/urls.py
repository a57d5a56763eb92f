"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import path

from portal.pages.views import (
    account,
    datasets,
    datasets_compared,
    datasets_provenance,
    files,
    home,
    investigations,
    jobs,
    reprocess,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("investigations/<int:pk>/", investigations.investigation, name="investigation"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/processed/", datasets_compared.processed, name="dataset-processed"),
    path("datasets/<int:pk>/pattern.csv", datasets_compared.pattern_csv, name="dataset-csv"),
    path("datasets/<int:pk>/files/", datasets.files, name="dataset-files"),
    path("datasets/<int:pk>/metadata/", datasets.metadata, name="dataset-metadata"),
    path("datasets/<int:pk>/provenance/", datasets_provenance.provenance, name="dataset-provenance"),
    path("datasets/<int:pk>/jobs/", datasets.jobs, name="dataset-jobs"),
    path("datasets/<int:pk>/archive/", files.archive, name="archive"),
    path("datasets/<int:pk>/reprocess/", reprocess.choose, name="choose-pipeline"),
    path("datasets/<int:pk>/reprocess/<slug:identifier>/", reprocess.start, name="reprocess"),
    path("datafiles/<int:pk>/download/", files.download, name="download"),
    path("datafiles/<int:pk>/explore/", files.explore, name="explore"),
    path("jobs/", jobs.mine, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("about/", home.about, name="about"),
]
